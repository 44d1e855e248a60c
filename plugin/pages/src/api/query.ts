import { Problem } from "@plugin-host/client";
import { QueryClient } from "@tanstack/react-query";

/** Tries again only what may pass. */
export function worthAnotherTry(failures: number, error: unknown): boolean {
  return failures < 2 && error instanceof Problem && error.passing;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Events say what changed; this only covers a stream that was down unnoticed.
        staleTime: 60_000,
        gcTime: 10 * 60_000,
        retry: worthAnotherTry,
        retryDelay: (failures) => Math.min(1_000 * 2 ** failures, 8_000),
        refetchOnWindowFocus: true,
      },
      mutations: { retry: false },
    },
  });
}
