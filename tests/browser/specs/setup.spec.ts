/** The administrator's way from an empty host to a plugin that is set up for both providers. */
import { confirmPassword, open } from "../src/people.ts";
import { wanted, type ProviderName } from "../src/system.ts";
import { expect, test } from "../src/test.ts";

test("the administrator uploads the component, sees what it asks for, enables it and sets up both providers", async ({ page, bare }) => {
  test.setTimeout(360_000);
  await open(page, bare, bare.administrator, "/plugins");
  await page.getByRole("button", { name: "Add a plugin" }).first().click();
  const add = page.getByRole("dialog", { name: "Add a plugin" });
  const again = page.getByRole("dialog", { name: "Enter your password again" });
  // On a line that takes seconds for it, one can watch the file go.
  const line = await page.context().newCDPSession(page);
  const upward = (uploadThroughput: number) => line.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await line.send("Network.enable");
  await upward(1_000_000);
  await add.locator("input[type=file]").setInputFiles(wanted("BROWSER_COMPONENT"));
  const sending = add.getByRole("progressbar", { name: "Sending the file" });
  const gone = () => sending.evaluate((bar: HTMLProgressElement) => bar.value);
  await expect.poll(gone).toBeGreaterThan(0);
  const before = await gone();
  await expect.poll(gone).toBeGreaterThan(before);
  await upward(-1);
  const ready = add.getByRole("button", { name: "Add", exact: true });
  await expect(ready.and(page.locator(":enabled")).or(again)).toBeVisible({ timeout: 180_000 });
  if (await again.isVisible()) await confirmPassword(page, bare.administrator);
  await expect(add.getByText("https://gmail.googleapis.com").first()).toBeVisible({ timeout: 180_000 });
  await ready.click();
  // What follows by itself is the question what it may do.
  const enable = page.getByRole("dialog", { name: /^Enable .+\?$/ });
  await expect(enable.or(again)).toBeVisible({ timeout: 180_000 });
  if (await again.isVisible()) await confirmPassword(page, bare.administrator);
  await expect(enable).toBeVisible({ timeout: 180_000 });
  await enable.getByText("Advanced", { exact: true }).click();
  for (const provider of ["google", "microsoft"] as const) {
    const { origin } = new URL(bare[provider].base);
    await enable.getByLabel("Address", { exact: true }).fill(origin);
    await enable.getByRole("button", { name: "Add", exact: true }).click();
    await enable.getByRole("switch", { name: origin, exact: true }).check();
  }
  await enable.getByRole("button", { name: "Approve and enable" }).click();
  await expect(again.or(page.getByText("Enabled", { exact: true })).first()).toBeVisible({ timeout: 180_000 });
  if (await again.isVisible()) await confirmPassword(page, bare.administrator);
  await expect(page.getByText("Enabled", { exact: true }).first()).toBeVisible({ timeout: 180_000 });

  // The page came without a reload.
  await page.getByRole("link", { name: "Settings", exact: true }).first().click();
  await page.getByRole("link", { name: /Mail settings/ }).first().click();
  await expect(page.getByRole("heading", { name: "Mail settings" })).toBeVisible();
  for (const provider of ["google", "microsoft"] as const) await test.step(`sets up ${provider}`, () => setUp(provider));

  async function setUp(provider: ProviderName) {
    const name = provider === "google" ? "Google" : "Microsoft";
    await page.getByRole("tab", { name: new RegExp(name) }).click();
    const panel = page.getByRole("tabpanel", { name: new RegExp(name) });
    await panel.getByText("Advanced", { exact: true }).click();
    for (const [label, value] of Object.entries(endpoints(provider, bare[provider].base))) await panel.getByLabel(label, { exact: true }).fill(value);
    await panel.getByLabel(/^Client ID/).fill(bare.application.id);
    await panel.getByLabel(/^Client secret/).fill(bare.application.secret);
    await panel.getByRole("button", { name: "Save" }).click();
    const done = panel.getByText("Set up. People can link their mailboxes.");
    await expect(done.or(again).first()).toBeVisible();
    if (await again.isVisible()) await confirmPassword(page, bare.administrator);
    await expect(done).toBeVisible();
    await expect(panel.getByText("Stored, encrypted")).toBeVisible();
    await panel.getByRole("button", { name: "Verify setup" }).click();
    await expect(panel.getByText("Nothing is wrong.", { exact: false })).toBeVisible({ timeout: 60_000 });
  }
});

/** By the labels of the advanced fields. */
function endpoints(provider: ProviderName, base: string): Record<string, string> {
  const at = (path: string) => new URL(path, base).href;
  const bare = base.replace(/\/$/, "");
  if (provider === "microsoft") return { "Authority URL": bare, "Graph URL": bare };
  return {
    "Authorize URL": at("/o/oauth2/v2/auth"),
    "Token URL": at("/token"),
    "Revoke URL": at("/revoke"),
    "User info URL": at("/v1/userinfo"),
    "Keys URL (JWKS)": at("/oauth2/v3/certs"),
    "Gmail API URL": bare,
  };
}
