// Measures a page, and writes the result into it, as JSON in base64.
(() => {
  const px = (text) => parseFloat(text) || 0;
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const scrolls = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(at).overflowX)) return true;
    }
    return false;
  };
  const name = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""}`;
  const all = [...document.body.querySelectorAll("*")].filter((element) => element.tagName !== "SCRIPT");

  let worst = { contrast: 99 };
  let smallest = { pixels: 99 };
  const tooWide = [];
  const handlers = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.tagName === "SCRIPT" || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const found = contrast(numbers(style.color).slice(0, 3), background(element));
    if (found < worst.contrast) worst = { contrast: found, text: node.data.trim().slice(0, 60), element: name(element) };
    if (px(style.fontSize) < smallest.pixels) smallest = { pixels: px(style.fontSize), text: node.data.trim().slice(0, 60), element: name(element) };
  }
  for (const element of all) {
    const box = element.getBoundingClientRect();
    if (box.width && (box.right > innerWidth + 1 || box.left < -1) && !scrolls(element)) tooWide.push(name(element));
    for (const attribute of element.attributes) {
      if (attribute.name.startsWith("on")) handlers.push(`${name(element)} ${attribute.name}`);
    }
  }
  const pictures = [...document.querySelectorAll("svg")].filter((svg) => svg.checkVisibility());
  const empty = pictures.filter((svg) => {
    const box = svg.getBoundingClientRect();
    return box.width < 8 || box.height < 8;
  });
  const top = (selector) => document.querySelector(selector)?.getBoundingClientRect().top ?? null;
  const result = {
    innerWidth,
    scrollWidth: document.documentElement.scrollWidth,
    isDark: matchMedia("(prefers-color-scheme: dark)").matches,
    background: background(document.body),
    worst,
    smallest,
    tooWide,
    handlers,
    title: document.title,
    verdict: document.querySelector(".verdict strong").textContent,
    verdictBottom: document.querySelector(".verdict").getBoundingClientRect().bottom,
    sections: [...document.querySelectorAll("main h2")].map((heading) => heading.textContent),
    order: [".verdict", ".figures", "#build", "#gate", "#changes", "#coverage", "#splits", "#time", "#rejected", "#presence", "#back"].map(top),
    headersWithoutScope: document.querySelectorAll("th:not([scope])").length,
    tablesOutsideOfBoxes: document.querySelectorAll("table").length - document.querySelectorAll(".scroll > table").length,
    boxesWithoutLabel: document.querySelectorAll(".scroll:not([aria-label]), .scroll:not([tabindex])").length,
    picturesWithoutText: document.querySelectorAll("svg:not([aria-hidden]):not([aria-label])").length,
    emptyPictures: empty.map(name),
    scripts: document.scripts.length,
    foreign: [...document.querySelectorAll("img, iframe, object, embed, link, form, a, style + style")].map(name),
    text: document.body.innerText,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(result));
  const probe = document.createElement("pre");
  probe.id = "probe";
  probe.textContent = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  document.body.append(probe);
})();
