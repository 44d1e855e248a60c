// The smallest pages that a plugin can bring: what a test mounts, and `EXAMPLE=1 npm run dev` shows at /example.

/** @type {import("@plugin-host/client").Mount} */
export function mount(element, context) {
  if (context.location.search === "?fail") throw new Error("this page does not start");
  const text = document.createElement("p");
  const link = document.createElement("a");
  link.href = "/example/further";
  link.textContent = "further";
  element.append(text, link);
  const show = ({ locale, theme, location, user, title }) => {
    text.textContent = [locale, theme, location.pathname, user.name].join(" ");
    title(`Example ${location.pathname}`);
  };
  show(context);
  return {
    update: show,
    unmount() {
      text.remove();
      link.remove();
    },
  };
}
