/** What this browser remembers. Private windows and full disks refuse: then it is forgotten, and nothing else happens. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`plugin-host.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`plugin-host.${name}`, value);
  } catch {
    // See above.
  }
}
