/** What providers take, attachments as they are and before encoding makes them a third longer. */
const MEGABYTE = 1_000_000;

interface Limit {
  /** Of all files together. */
  bytes: number;
  /** As the provider puts it. */
  words: string;
}

const LIMITS: Record<string, Limit> = {
  google: { bytes: 18 * MEGABYTE, words: "25 MB" },
  microsoft: { bytes: 110 * MEGABYTE, words: "150 MB" },
};

export function limitOf(provider: string | undefined): Limit | undefined {
  return provider === undefined ? undefined : LIMITS[provider];
}
