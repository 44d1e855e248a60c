import { readFileSync } from "node:fs";

import type { Plugin } from "vite";

const ENTRY = { path: "/example", place: "main", title: { en: "Example", ru: "Пример", zh: "示例" }, icon: "M4 6h16v12H4zM4 7l8 6 8-6" };
const MODULE = "/pages/example/0/index.js";

/** Puts the example into the menu of the development server, in place of the host's pages. */
export function examplePages(): Plugin {
  return {
    name: "example-pages",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (request.url === "/api/pages") {
          response.setHeader("content-type", "application/json");
          response.end(JSON.stringify([{ plugin: "example", module: MODULE, styles: [], entries: [ENTRY] }]));
        } else if (request.url?.split("?")[0] === MODULE) {
          // The development server adds a query to what it imports.
          response.setHeader("content-type", "text/javascript");
          response.end(readFileSync(new URL("example.js", import.meta.url)));
        } else next();
      });
    },
  };
}
