/** A `fetch` that tells which share of the body has gone, from 0 to 1: the browser's own can't. */
export const tellingFetch = (told: (share: number) => void) => async (request: Request): Promise<Response> => {
  const body = await request.blob();
  return new Promise((resolve, reject) => {
    const going = new XMLHttpRequest();
    going.open(request.method, request.url);
    request.headers.forEach((value, name) => going.setRequestHeader(name, value));
    going.responseType = "blob";
    going.upload.onprogress = ({ loaded, total }) => told(loaded / total);
    going.onload = () => {
      const { status, statusText } = going;
      const headers = { "content-type": going.getResponseHeader("content-type") ?? "" };
      resolve(new Response(going.response as Blob, { status, statusText, headers }));
    };
    going.onerror = () => reject(new TypeError("the host was not reached"));
    going.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.signal.addEventListener("abort", () => going.abort());
    told(0);
    going.send(body);
  });
};
