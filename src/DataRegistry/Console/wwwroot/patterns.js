// Folders and patterns as a user types them, in the service's own meaning of them.

/** Whether the whole key must match it. A backslash takes away what the next character means. */
export function hasWildcards(text) {
  return /[*?]/.test(text.replace(/\\./gs, ''));
}

/** Whether it is a beginning of URLs that may lie in several folders: without a slash at its end, data takes datasets/ as well. */
export function isOpenEnded(prefix) {
  return !hasWildcards(prefix) && !prefix.endsWith('/');
}
