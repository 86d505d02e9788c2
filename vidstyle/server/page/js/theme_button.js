// Theme button: changes the colors between those of the system, light and dark.

import { byId } from "./dom.js";
import { t } from "./strings.js";

const THEMES = ["auto", "light", "dark"];

/** Let a button change the colors. */
export function startTheme() {
  const button = byId("theme");
  const describe = () => {
    const theme = document.documentElement.dataset.theme ?? "auto";
    button.setAttribute("aria-label", t(`theme.${theme}`));
    button.title = t(`theme.${theme}`);
  };
  button.addEventListener("click", () => {
    const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % THEMES.length];
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme === "auto" ? "" : theme);
    describe();
  });
  describe();
}
