// Colors: light, dark, or as the system; loaded before the page is drawn, so that it does not flash.

(() => {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
})();
