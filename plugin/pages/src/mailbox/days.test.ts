import { describe, expect, it } from "vitest";
import { bounds, headingKey, withHeadings } from "./days.ts";

const now = new Date(2026, 10, 24, 15, 0).getTime(); // A Tuesday.
const at = (month: number, day: number, hour = 12, year = 2026) => new Date(year, month - 1, day, hour).getTime();
const rows = (times: number[]) =>
  withHeadings(times.map((latest, index) => ({ id: String(index), latest })), now).rows.map((row) => (row.type === "heading" ? row.heading.kind : row.item.id));

describe("headings", () => {
  it("come once each, in the order of the list", () => {
    expect(rows([at(11, 24), at(11, 24, 1), at(11, 23), at(11, 17), at(11, 2), at(10, 31), at(10, 1), at(10, 5, 12, 2025)])).toEqual([
      "today", "0", "1", "yesterday", "2", "lastWeek", "3", "month", "4", "month", "5", "6", "month", "7",
    ]);
  });

  it("names the rest of this week only where there is one", () => {
    const friday = new Date(2026, 10, 27, 9).getTime();
    const kinds = withHeadings([{ id: "a", latest: at(11, 24) }], friday).rows.map((row) => row.type === "heading" && row.heading.kind);
    expect(kinds[0]).toBe("week");
  });

  it("takes mail from the future for today's", () => {
    expect(rows([at(12, 24), at(11, 24)])).toEqual(["today", "0", "1"]);
  });

  it("survives a change of the clock", () => {
    const { today, yesterday } = bounds(new Date(2026, 2, 29, 12).getTime());
    expect(new Date(today).getHours()).toBe(0);
    expect(new Date(yesterday).getHours()).toBe(0);
  });

  it("go on where a list grew, and begin anew where it changed", () => {
    const items = [at(11, 24), at(11, 23), at(11, 23, 3), at(11, 2), at(10, 2)].map((latest, index) => ({ id: String(index), latest }));
    const short = withHeadings(items.slice(0, 2), now);
    expect(withHeadings(items, now, short).rows).toEqual(withHeadings(items, now).rows);
    expect(withHeadings(items, now, short).rows[1]).toBe(short.rows[1]);
    const changed = items.map((item) => ({ ...item }));
    expect(withHeadings(changed, now, short).rows[1]).not.toBe(short.rows[1]);
    expect(withHeadings([], now, short).rows).toEqual([]);
  });

  it("has keys that tell months of different years apart", () => {
    expect(headingKey({ kind: "month", at: at(10, 1, 0) })).not.toBe(headingKey({ kind: "month", at: at(10, 1, 0, 2025) }));
  });
});
