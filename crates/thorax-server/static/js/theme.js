// Light, dark, or as the system says: changed at once, remembered in a cookie that the server reads, so that the next page
// comes in the right colours from its first byte. Without this module the form does the same by a request.

const YEAR = 365 * 24 * 60 * 60;

export function followThemeButtons() {
  for (const form of document.querySelectorAll("form.themes")) {
    form.addEventListener("submit", (event) => {
      const theme = event.submitter?.value;
      if (!theme) return;
      event.preventDefault();
      const secure = location.protocol === "https:" ? "; Secure" : "";
      document.cookie = `theme=${theme}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
      document.documentElement.dataset.bsTheme = theme;
      for (const button of form.querySelectorAll("button")) {
        button.setAttribute("aria-pressed", String(button.value === theme));
      }
    });
  }
}
