import "./style/index.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app.tsx";
import { recognise } from "./core/account.ts";
import { guessed, speak } from "./core/i18n.ts";
import { startRouter } from "./core/router.ts";
import { startTheme } from "./core/theme.ts";

const element = document.getElementById("shell");

async function start(place: HTMLElement): Promise<void> {
  startTheme();
  startRouter();
  // Words first: nothing is shown in keys.
  await Promise.all([speak(guessed()), recognise()]);
  // Plugins’ pages are roots of their own, and would give the same ids: a dialog would be named by somebody else’s element.
  createRoot(place, { identifierPrefix: "shell-" }).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

if (element !== null) {
  start(element).catch((reason: unknown) => {
    console.error(reason);
    // Not even the words came, so that these are all there is to say it in.
    element.textContent = "The page could not be loaded. Check your connection and reload. · Не удалось загрузить страницу. · 无法加载页面。";
  });
}
