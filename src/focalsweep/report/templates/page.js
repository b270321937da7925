document.querySelectorAll("[data-copies]").forEach((button) => {
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copies);
    let done = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // Pages opened from a file may not reach the clipboard: select the text and ask the browser.
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Selected: press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2500);
  });
});
document.querySelectorAll("[data-hides]").forEach((button) => {
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") === "false";
    const drawing = button.closest("figure").querySelector(".js-plotly-plot");
    const traces = drawing.data.flatMap((trace, index) =>
      trace.legendgroup === button.dataset.hides ? [index] : []);
    button.setAttribute("aria-pressed", String(shown));
    Plotly.restyle(drawing, { visible: shown }, traces);
  });
});
// Paper is narrower than most windows, and printing resizes nothing by itself.
const everyPlot = (size) => document.querySelectorAll(".js-plotly-plot")
  .forEach((drawing) => Plotly.relayout(drawing, size));
addEventListener("beforeprint", () => everyPlot({ width: 640, autosize: false }));
addEventListener("afterprint", () => everyPlot({ width: null, autosize: true }));
