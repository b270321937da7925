"""Look at a page in a browser the way a reader would: is anything cut, empty or overlapping?

`faults` returns sentences, so a test or a person sees what is wrong and where; an empty list is a
page that can be read. The checks know plotly's drawings and plain HTML, nothing of any one page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

DRAWN = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .every(plot => plot.querySelector('.main-svg'))"""

FAULTS = """() => {
  const found = [];
  const shown = (node) => node.checkVisibility({ visibilityProperty: true });
  const name = (node) => {
    const owner = node.closest('figure, section, nav, header') ?? document.body;
    const where = owner.id ? '#' + owner.id : owner.tagName.toLowerCase();
    const words = node.textContent.trim().slice(0, 40);
    return `${node.tagName.toLowerCase()} "${words}" in ${where}`;
  };
  const overlap = (a, b) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    return Math.min(wide, high);
  };

  // The document scrolls down only; what is wider has a scroll bar of its own.
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth)
    found.push(`the page is ${page.scrollWidth} pixels wide in a window of ${page.clientWidth}`);

  // Sections hold words besides their heading.
  for (const section of document.querySelectorAll('section')) {
    const body = [...section.childNodes].filter((node) => node.nodeName !== 'H2')
      .map((node) => node.textContent).join('').trim();
    if (!body || section.getBoundingClientRect().height < 20)
      found.push(`section #${section.id} is empty`);
  }
  for (const table of document.querySelectorAll('table'))
    if (!table.querySelector('tbody tr')) found.push(`${name(table)} has no rows`);

  // Plots have a size and marks in it, and their labels stand inside the drawing and apart.
  for (const plot of document.querySelectorAll('.js-plotly-plot')) {
    const frame = plot.getBoundingClientRect();
    const label = plot.id;
    if (frame.width < 100 || frame.height < 80) { found.push(`${label} has no size`); continue; }
    const area = plot.querySelector('.cartesianlayer .plot, .nsewdrag')?.getBoundingClientRect();
    const inside = plot._fullLayout?._size;
    if (!inside || inside.w < 90 || inside.h < 60)
      found.push(`${label} leaves ${Math.round(inside?.w)} x ${Math.round(inside?.h)} for marks`);
    const marks = [...plot.querySelectorAll('.points path, .lines path, .fills path, .bars path, '
      + '.heatmaplayer image, .contourlayer path')];
    if (!marks.some((mark) => { const box = mark.getBoundingClientRect();
                               return box.width + box.height > 2; }))
      found.push(`${label} has no marks`);
    const texts = [...plot.querySelectorAll('svg text')]
      .filter((text) => text.textContent.trim() && shown(text));
    for (const text of texts) {
      const box = text.getBoundingClientRect();
      if (box.left < frame.left - 2 || box.right > frame.right + 2
          || box.top < frame.top - 2 || box.bottom > frame.bottom + 2)
        found.push(`"${text.textContent}" is cut at the edge of ${label}`);
    }
    for (const axis of ['.xtick text', '.ytick text', '.cbaxis text']) {
      const boxes = texts.filter((text) => text.matches(axis))
        .map((text) => [text, text.getBoundingClientRect()]);
      boxes.forEach(([text, box], i) => boxes.slice(i + 1).forEach(([other, next]) => {
        // Slanted labels stand in boxes that overlap though the words do not.
        const turn = text.transform.baseVal.consolidate()?.matrix;
        const slanted = turn && Math.abs(turn.b) > 0.01 && Math.abs(turn.a) > 0.01;
        if (!slanted && overlap(box, next) > 2)
          found.push(`"${text.textContent}" overlaps "${other.textContent}" in ${label}`);
      }));
    }
    const titles = texts.filter((text) => text.matches('.xtitle, .ytitle, .cbtitle text'));
    const ticks = texts.filter((text) => text.matches('.xtick text, .ytick text, .cbaxis text'));
    for (const title of titles)
      for (const tick of ticks)
        if (overlap(title.getBoundingClientRect(), tick.getBoundingClientRect()) > 2)
          found.push(`"${title.textContent}" overlaps "${tick.textContent}" in ${label}`);
  }

  // No text is cut where overflow is hidden.
  for (const node of document.querySelectorAll('body *')) {
    if (node.closest('svg, .js-plotly-plot') || !shown(node) || !node.textContent.trim()) continue;
    if (node.matches('.hidden')) continue;
    const style = getComputedStyle(node);
    if (style.overflowX === 'hidden' && node.scrollWidth > node.clientWidth + 1)
      found.push(`${name(node)} is cut`);
    const scrolls = node.closest('.scroll, pre');
    if (style.overflowX === 'visible' && style.display !== 'inline' && !scrolls) {
      const box = node.getBoundingClientRect();
      if (box.width && box.right > page.clientWidth + 1)
        found.push(`${name(node)} leaves the page`);
    }
  }

  // Headings, plots, tables and paragraphs stand apart.
  const blocks = [...document.querySelectorAll(
    'h1, h2, h3, p, figcaption, .legend, .js-plotly-plot, .scroll, nav, pre, summary, dl, .badge')]
    .filter((node) => shown(node) && node.textContent.trim())
    .map((node) => [node, node.getBoundingClientRect()]);
  blocks.forEach(([node, box], i) => blocks.slice(i + 1).forEach(([other, next]) => {
    if (!node.contains(other) && !other.contains(node) && overlap(box, next) > 2)
      found.push(`${name(node)} overlaps ${name(other)}`);
  }));
  return [...new Set(found)];
}"""

INVISIBLE = """() => {
  // WCAG's contrast of words against the page, at least 3 for every label and text.
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const paper = light(rgb(getComputedStyle(document.body).backgroundColor));
  const faint = new Set();
  const nodes = document.querySelectorAll(
    'p, li, td, th, dt, dd, figcaption, h1, h2, h3, summary, nav a, '
    + '.xtick text, .ytick text, .xtitle, .ytitle, .cbaxis text, .cbtitle text, .annotation-text');
  for (const node of nodes) {
    if (!node.textContent.trim() || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const ink = light(rgb(node.closest('svg') ? style.fill : style.color));
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 3) faint.add(`"${node.textContent.trim().slice(0, 40)}" is hard to see`);
  }
  return [...faint];
}"""


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int, scheme: Literal["light", "dark"] = "light"
) -> Iterator[tuple[Page, list[str]]]:
    """Open a file at a width, with every fold open and every plot drawn.

    Yields the page and the list of what its scripts complained about, which fills while it is
    used. Nothing may be loaded from outside: a request is a complaint too.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: _keep(complaints, message.type, message.text))
    page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    page.on("requestfailed", lambda request: complaints.append(f"not loaded: {request.url}"))
    try:
        page.goto(path.resolve().as_uri())
        page.wait_for_function(DRAWN)
        page.evaluate(
            "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
        )
        # Two frames: one for folds that open, one for plots that follow their boxes.
        page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        yield page, complaints
    finally:
        context.close()


def faults(page: Page) -> list[str]:
    """Say what a reader could not read on an open page: cut, empty, overlapping or faint."""
    return [*page.evaluate(FAULTS), *page.evaluate(INVISIBLE)]


def _keep(complaints: list[str], kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        complaints.append(f"console {kind}: {text}")
