import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";

import document from "../openapi.json?raw";
import committed from "./schema.d.ts?raw";

it("schema.d.ts is generated from openapi.json (npm run generate)", async () => {
  const types = astToString(await openapiTS(JSON.parse(document)));
  expect(committed.endsWith(types)).toBe(true);
});
