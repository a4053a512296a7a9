// The settings editor's values, and the language: the learner's choice, else that of Lab, else that of the browser.
import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import type { ITranslator } from "@jupyterlab/translation";
import type { Lang } from "./contract";
import type { DeskModel } from "./model";

export function language(chosen: unknown, translator: ITranslator | null): Lang {
  if (chosen === "en" || chosen === "zh") return chosen;
  const lab = translator?.languageCode ?? "en";
  const found = lab.startsWith("en") ? navigator.language : lab;
  return found.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** Keep the desk as the settings are, now and whenever they change. */
export function follow(desk: DeskModel, settings: ISettingRegistry.ISettings, translator: ITranslator | null): void {
  const read = (): void => {
    const { language: chosen, dailyLimit, newPerDay } = settings.composite;
    desk.wish({
      lang: language(chosen, translator),
      dailyLimit: Number(dailyLimit),
      newPerDay: Number(newPerDay),
    });
  };
  settings.changed.connect(read);
  read();
}
