// What is looked up in the page: one object of functions that take a widget's selector.
({
  // Sixty positions of the first slider, one in each frame; the pictures drawn meanwhile, and the seconds it took.
  drag: async (selector) => {
    const play = document.querySelector(selector);
    const [knob, figure] = [play.querySelector("input[type=range]"), play.querySelector(".sk-figure")];
    const frame = () => new Promise(requestAnimationFrame);
    let drawn = 0;
    const observer = new MutationObserver(() => drawn++);
    observer.observe(figure, { childList: true });
    await frame();
    const began = performance.now();
    for (let n = 0; n < 60; n++) {
      knob.value = 60 + 2 * n;
      knob.dispatchEvent(new Event("input", { bubbles: true }));
      await frame();
    }
    await frame();
    observer.disconnect();
    return [drawn, (performance.now() - began) / 1000];
  },

  // The texts of a widget whose contrast with what is behind them is below 4.5; a control that is switched off may be faint.
  faint: (selector) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      return [...pen.getImageData(0, 0, 1, 1).data].map((each) => each / 255);
    };
    const over = (front, back) => [0, 1, 2].map((n) => front[n] * front[3] + back[n] * (1 - front[3])).concat(1);
    const behind = (element) => {
      const layers = [];
      for (let each = element; each; each = each.parentElement) {
        layers.push(rgba(getComputedStyle(each).backgroundColor));
        if (layers.at(-1)[3] === 1) break;
      }
      return layers.reduceRight((back, front) => over(front, back), [1, 1, 1, 1]);
    };
    const light = (colour) => {
      const [r, g, b] = colour.slice(0, 3).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const texts = [...document.querySelector(selector).querySelectorAll("*")].filter(
      (each) =>
        [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) &&
        each.checkVisibility() &&
        !each.closest(":disabled, option, .sk-unseen, [aria-disabled=true]"),
    );
    return texts.flatMap((each) => {
      const style = getComputedStyle(each);
      const back = behind(each);
      const [a, b] = [light(over(rgba(each.closest("svg") ? style.fill : style.color), back)), light(back)];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return contrast < 4.5 ? [`${each.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`] : [];
    });
  },

  // The controls and pictures of a widget that a screen reader has no name for.
  nameless: (selector) => {
    const found = document.querySelector(selector).querySelectorAll("input, select, textarea, button, [role=slider], [role=img]");
    const name = (each) =>
      each.getAttribute("aria-label") || [...(each.labels ?? [])].map((label) => label.textContent.trim()).join("") ||
      (each.tagName === "BUTTON" && each.textContent.trim());
    return [...found].filter((each) => each.checkVisibility() && !name(each)).map((each) => each.outerHTML.slice(0, 120));
  },

  // What sticks out of a widget or its cell's output, or is shortened; what scrolls by itself may hold more than it shows.
  cutOff: (selector) => {
    const widget = document.querySelector(selector);
    const limit = widget.closest(".jp-OutputArea-output, .sk-desk-host").getBoundingClientRect().right + 1;
    const inside = (each) => each.parentElement.closest(".sk-code, .sk-editor, .sk-listing, svg svg") === null;
    const shortened = (each) => getComputedStyle(each).textOverflow === "ellipsis" && each.scrollWidth > each.clientWidth;
    return [widget, ...widget.querySelectorAll("*:not(.sk-unseen)")]
      .filter((each) => each.checkVisibility() && inside(each) && (each.getBoundingClientRect().right > limit || shortened(each)))
      .map((each) => `${each.tagName} ${each.getAttribute("class")}: ${each.textContent.trim().slice(0, 30)}`);
  },
})
