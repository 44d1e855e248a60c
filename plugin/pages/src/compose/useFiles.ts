/** Files that are uploaded while one writes on. */
import { useEffect, useMemo, useRef } from "react";
import { useProblemLine } from "../shared/problem.ts";
import type { Enclosure } from "./content.ts";
import { upload, type Running } from "./upload.ts";

type Update = (change: (files: Enclosure[]) => Enclosure[]) => void;

export function useFiles(update: Update) {
  const line = useProblemLine();
  const running = useRef(new Map<string, Running>());
  const now = useRef({ update, line });
  now.current = { update, line };
  useEffect(() => {
    const { current } = running;
    return () => {
      for (const each of current.values()) each.abort();
    };
  }, []);
  return useMemo(() => {
    const set = (key: string, change: Partial<Enclosure>) => now.current.update((files) => files.map((file) => (file.key === key ? { ...file, ...change } : file)));
    return {
      /** Answers its upload when it is there; none if it was taken out again. */
      async add(file: File, contentId?: string): Promise<string | undefined> {
        const key = crypto.randomUUID();
        const entry: Enclosure = {
          key,
          name: file.name === "" ? "image.png" : file.name,
          mediaType: file.type === "" ? "application/octet-stream" : file.type,
          size: file.size,
          state: { kind: "uploading", progress: 0 },
          ...(contentId === undefined ? {} : { contentId }),
        };
        now.current.update((files) => [...files, entry]);
        let told = 0;
        const job = upload(file, (progress) => {
          // As often as one can see.
          if (progress - told < 0.02 && progress < 1) return;
          told = progress;
          set(key, { state: { kind: "uploading", progress } });
        });
        running.current.set(key, job);
        try {
          const { id, size } = await job.done;
          set(key, { size, state: { kind: "there", upload: id } });
          return id;
        } catch (error) {
          if (error instanceof DOMException) return undefined;
          if (contentId === undefined) set(key, { state: { kind: "failed", reason: now.current.line(error) } });
          else now.current.update((files) => files.filter((each) => each.key !== key));
          throw error;
        } finally {
          running.current.delete(key);
        }
      },
      remove(key: string): void {
        running.current.get(key)?.abort();
        now.current.update((files) => files.filter((file) => file.key !== key));
      },
      /** Answers when nothing is on its way any more. */
      async settled(): Promise<void> {
        await Promise.allSettled([...running.current.values()].map((each) => each.done));
        // Their rows are written after their promises.
        await new Promise((resolve) => setTimeout(resolve));
      },
    };
  }, []);
}
