/** The shell's own, drawn as lines within 24×24. */
const PATHS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  home: "M4 11l8-7 8 7M6 9.5V20h12V9.5M10 20v-6h4v6",
  plug: "M9 3v5m6-5v5M6 8h12v4a6 6 0 0 1-12 0zm6 10v3",
  settings: "M4 7h9m5 0h2M4 17h2m5 0h9M13 7a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M6 17a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0",
  key: "M4 15a4 4 0 1 0 8 0a4 4 0 1 0-8 0m6.8-2.8L20 3m-4 4 3 3m-5.5-.5 2 2",
  users: "M5.5 8a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M2.5 20v-1a5 5 0 0 1 5-5h3a5 5 0 0 1 5 5v1M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18 14.4a5 5 0 0 1 3.5 4.6v1",
  user: "M8.5 8a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M5 20v-1a5 5 0 0 1 5-5h4a5 5 0 0 1 5 5v1",
  log: "M6 3h9l4 4v14H6zM9.5 11h6m-6 4h6m-6-8h2",
  down: "M6 9l6 6 6-6",
  right: "M9 6l6 6-6 6",
  left: "M15 6l-6 6 6 6",
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 4 2.8 20h18.4zM12 10v4.5m0 2.6v.1",
  info: "M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0M12 11v5m0-8.1v.1",
  skip: "M6 12h12",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  upload: "M12 16V4m-5 5 5-5 5 5M4 16v4h16v-4",
  search: "M4.5 11a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0M16 16l4.5 4.5",
  globe: "M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0M3.5 12h17M12 3.5c-5 5-5 12 0 17c5-5 5-12 0-17",
  theme: "M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0M12 3.5v17M12 8h7.4M12 12h8.5M12 16h7.4",
  leave: "M14 4H5v16h9M10 12h10m-4-4 4 4-4 4",
  plus: "M12 5v14M5 12h14",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5m4-5v5",
  again: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.4M20 4v5.4h-5.4",
  cloud: "M7 18.5a4.5 4.5 0 0 1-.5-9 6 6 0 0 1 11.3 1.6A3.8 3.8 0 0 1 17.5 18.5M4 4l16 17",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  disk: "M4 6c0-3 16-3 16 0v12c0 3-16 3-16 0zM4 6c0 3 16 3 16 0M4 12c0 3 16 3 16 0",
  page: "M3.5 5h17v14h-17zM3.5 9h17",
  memory: "M7 7h10v10H7zM10 3v4m4-4v4m-4 10v4m4-4v4M3 10h4m-4 4h4m10-4h4m-4 4h4",
  clock: "M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0M12 7v5l3.5 2",
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration beside words, or within something that has a name of its own. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="shell-icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The icon that a plugin gave to an entry: an outline to be filled, where what is outlined twice stays empty. */
export function EntryIcon({ path, size = 20 }: { path: string | undefined; size?: number }) {
  if (path === undefined) return <Icon name="page" size={size} />;
  return (
    <svg className="shell-entry-icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={path} fillRule="evenodd" />
    </svg>
  );
}
