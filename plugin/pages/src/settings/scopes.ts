/** What is asked for at the consent page, for the guide: the same as the plugin's `oauth/scope.rs`. */
export function googleScopes(access: string, deleting: boolean): string[] {
  const gmail = (name: string) => `https://www.googleapis.com/auth/${name}`;
  if (deleting) return ["https://mail.google.com/"];
  if (access === "read") return [gmail("gmail.readonly")];
  if (access === "send") return [gmail("gmail.readonly"), gmail("gmail.compose")];
  return [gmail("gmail.modify")];
}

/** What is asked for when somebody links a mailbox that is shared with them, beside {@link microsoftScopes}. */
export function sharedScopes(access: string, deleting: boolean): string[] {
  return microsoftScopes(access, deleting).flatMap((scope) => (scope.startsWith("Mail.") ? [`${scope}.Shared`] : []));
}

export function microsoftScopes(access: string, deleting: boolean): string[] {
  const always = ["User.Read", "offline_access", "openid", "email", "profile"];
  if (access === "read") return [deleting ? "Mail.ReadWrite" : "Mail.Read", ...always];
  return ["Mail.ReadWrite", "Mail.Send", ...always];
}
