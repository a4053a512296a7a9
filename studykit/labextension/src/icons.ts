import { LabIcon } from "@jupyterlab/ui-components";

// An open book; its colour is that of Lab's own icons.
const book =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16"><path class="jp-icon3 jp-icon-selectable" fill="#616161" ' +
  'd="M12 6.2C10.2 4.8 7.6 4 4.5 4H3v14.2h1.5c2.9 0 5.2.7 6.7 2l.8.7.8-.7c1.5-1.3 3.8-2 6.7-2H21V4h-1.5c-3.1 0-5.7.8-7.5 2.2z' +
  'm-1 11.4c-1.6-.9-3.6-1.4-6-1.5V6c2.7.2 4.8.9 6 2.1zm8-1.5c-2.4.1-4.4.6-6 1.5V8.1C14.2 6.9 16.3 6.2 19 6z"/></svg>';

export const deskIcon = new LabIcon({ name: "studykit:desk", svgstr: book });
