/** Files on their way to the host, with how far they are: `fetch` can't tell. */
import { Problem, type components } from "@plugin-host/client";

type Upload = components["schemas"]["Upload"];

export interface Running {
  done: Promise<Upload>;
  abort(): void;
}

/** Where one can see a file that one uploaded, for a day; a saved message has it for good. */
export const uploadAddress = (id: string): string => `/api/uploads/${encodeURIComponent(id)}`;

export function upload(file: Blob, progress: (share: number) => void): Running {
  const request = new XMLHttpRequest();
  const done = new Promise<Upload>((resolve, reject) => {
    request.open("POST", "/api/uploads");
    // The body is the file itself, of whatever type; its name and type are told where it is used.
    request.setRequestHeader("content-type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.onload = () => {
      const answer: unknown = request.response;
      if (request.status === 201 && isUpload(answer)) resolve(answer);
      else reject(new Problem(request.status, isDocument(answer) ? answer : undefined, isDocument(answer) ? answer.detail : request.statusText));
    };
    request.onerror = () => reject(new Problem(0, undefined, ""));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}

function isUpload(value: unknown): value is Upload {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string";
}

function isDocument(value: unknown): value is NonNullable<Problem["document"]> {
  return typeof value === "object" && value !== null && "type" in value && "detail" in value && typeof value.detail === "string";
}
