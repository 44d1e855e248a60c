/** How a mailbox comes in: through the provider's pages, with a start, while one watches. */
import { stocked } from "../src/mail.ts";
import { COMPANY, chooseProvider, filled, member, open } from "../src/people.ts";
import { expect, test } from "../src/test.ts";

test.use({ story: "mail" });

for (const name of ["google", "microsoft"] as const) {
  test(`a mailbox at ${name} is linked from a chosen day on, fills while one watches, and reaches further back when asked to`, async ({ page, system }) => {
    const provider = await stocked(system, name);
    const person = await member(system, `${name}.member`);
    await open(page, system, person, "/mail/accounts");
    await page.getByRole("button", { name: "Link a mailbox" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Link a mailbox" });
    await chooseProvider(dialog, name);
    await dialog.getByText("of the last month", { exact: true }).click();
    const { messages } = await provider.mailbox();
    // Not so fast that nobody could see it.
    const atFullSpeed = await provider.slow(400);
    await dialog.getByRole("button", { name: COMPANY[name].go }).click();
    await page.locator(`input[name=account][value="${provider.address}"]`).check();
    await page.getByRole("button", { name: COMPANY[name].allow, exact: true }).click();
    await expect(page.getByRole("heading", { name: `${provider.address} is linked` })).toBeVisible();
    await expect(page.getByRole("progressbar", { name: "Progress of fetching" })).toBeVisible();
    const here = page.locator(".em-arrival-count strong");
    await expect.poll(async () => Number(await here.textContent())).toBeGreaterThan(0);
    await atFullSpeed();
    await expect(page.getByText("Your mail is here.")).toBeVisible();
    await filled(page, system, name);
    const first = Number(await here.textContent());
    expect(first).toBeLessThan(messages.length);

    await page.getByRole("link", { name: "Open the inbox" }).click();
    await expect(page.locator(".mail-row").first()).toBeVisible();
    const monthAgo = Date.now() - 32 * 24 * 3_600_000;
    for (const time of await page.locator(".mail-row time").all()) expect(Date.parse((await time.getAttribute("datetime")) ?? "")).toBeGreaterThan(monthAgo);

    await open(page, system, person, "/mail/accounts");
    await page.getByRole("link", { name: provider.address }).click();
    await page.getByRole("region", { name: "Start" }).getByRole("button", { name: "Change" }).click();
    const start = page.getByRole("dialog", { name: "Change the start" });
    await start.getByText("everything", { exact: true }).click();
    await start.getByRole("button", { name: "Change" }).click();
    await expect(page.getByText("All mail of the mailbox is kept here.")).toBeVisible();
    const fact = page.getByRole("definition").and(page.locator("dt:has-text('Messages here') + dd"));
    await expect(fact).toHaveText(String((await provider.mailbox()).messages.length));
  });
}
