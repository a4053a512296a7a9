// What outlives a reload of the page: small values in the browser, apart for each server address.
import { PageConfig } from "@jupyterlab/coreutils";

const place = (name: string): string => `studykit:${PageConfig.getBaseUrl()}:${name}`;

/** What this tab kept under a name, or the tab that wrote last where this one is new; null where there is none. */
export function kept<T>(name: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(place(name)) ?? localStorage.getItem(place(name)) ?? "null") as T | null;
  } catch {
    return null;
  }
}

/** Keep a value under a name; null forgets it. Two tabs do not take each other's work away. */
export function keep(name: string, value: unknown): void {
  try {
    sessionStorage.setItem(place(name), JSON.stringify(value)); // null too, or the other tab's would be taken up
    share(name, value);
  } catch {
    // A browser that keeps nothing, or is full, only costs the reload.
  }
}

/** What all tabs have in common under a name. */
export function shared<T>(name: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(place(name)) ?? "null") as T | null;
  } catch {
    return null;
  }
}

/** Keep a value for all tabs; null forgets it. */
export function share(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(place(name));
    else localStorage.setItem(place(name), JSON.stringify(value));
  } catch {
    // As above.
  }
}

/** Today, as the learner's clock has it. */
export function today(): string {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].join("-");
}
