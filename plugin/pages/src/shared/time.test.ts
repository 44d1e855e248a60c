import { describe, expect, it } from "vitest";
import { duration, fileSize, relativeTime, shortTime } from "./time.ts";

describe("times and sizes for people", () => {
  const now = new Date(2026, 10, 24, 15, 0).getTime();

  it("are the time today, the day this year, else the date", () => {
    expect(shortTime(new Date(2026, 10, 24, 9, 5).getTime(), "en", now)).toBe("09:05");
    expect(shortTime(new Date(2026, 10, 23, 9, 5).getTime(), "en", now)).toBe("23 Nov");
    expect(shortTime(new Date(2025, 10, 23).getTime(), "en", now)).toBe("23 Nov 2025");
  });

  it("are told from now in both directions", () => {
    expect(relativeTime(now - 3 * 60_000, "en", now)).toBe("3 minutes ago");
    expect(relativeTime(now + 2 * 3_600_000, "ru", now)).toBe("через 2 часа");
    expect(relativeTime(now - 26 * 3_600_000, "zh", now)).toBe("昨天");
  });

  it("have units that fit", () => {
    expect(fileSize(999, "en")).toMatch(/^999 ?byte/);
    expect(fileSize(1_450_000, "en")).toMatch(/^1\.5 ?MB$/);
    expect(duration(93_000, "en")).toBe("1.6 minutes");
  });
});
