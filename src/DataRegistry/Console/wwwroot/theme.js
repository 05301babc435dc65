// Light, dark, or as the system has it.

const KEY = 'data-registry.theme';
const ORDER = ['auto', 'light', 'dark'];

export function currentTheme() {
  const kept = localStorage.getItem(KEY);
  return ORDER.includes(kept) ? kept : 'auto';
}

export function applyTheme(theme = currentTheme()) {
  localStorage.setItem(KEY, theme);
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  return theme;
}

export function nextTheme() {
  return applyTheme(ORDER[(ORDER.indexOf(currentTheme()) + 1) % ORDER.length]);
}
