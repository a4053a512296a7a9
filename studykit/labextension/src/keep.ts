// What outlives a reload of the page: small values in the browser, apart for each server address.
import { PageConfig } from "@jupyterlab/coreutils";

const place = (name: string): string => `studykit:${PageConfig.getBaseUrl()}:${name}`;

/** What was kept under a name; null where there is none, or the browser keeps nothing. */
export function kept<T>(name: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(place(name)) ?? "null") as T | null;
  } catch {
    return null;
  }
}

/** Keep a value under a name; null forgets it. */
export function keep(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(place(name));
    else localStorage.setItem(place(name), JSON.stringify(value));
  } catch {
    // A browser that keeps nothing, or is full, only costs the reload.
  }
}

/** Today, as the learner's clock has it. */
export function today(): string {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].join("-");
}
