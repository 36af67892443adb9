// The review by keys: y confirms, u is unsure, 1 to 4 correct, Ctrl+Enter signs and goes on. Choosing a label means to correct.

import { onKeys } from "./shortcuts.js";

const form = document.getElementById("review");

if (form) {
  const verdicts = [...form.elements.verdict];
  const labels = [...form.elements.label];
  const verdict = (value) => verdicts.find((one) => one.value === value);

  const follow = () => {
    const corrects = verdict("corrected").checked;
    for (const label of labels) {
      label.required = corrects;
      if (!corrects) label.checked = false;
    }
  };
  const choose = (value) => {
    const one = verdict(value);
    one.checked = true;
    one.focus();
    follow();
  };
  const correct = (index) => {
    verdict("corrected").checked = true;
    labels[index].checked = true;
    labels[index].focus();
    follow();
  };

  for (const one of verdicts) one.addEventListener("change", follow);
  for (const label of labels) {
    label.addEventListener("change", () => {
      verdict("corrected").checked = true;
      follow();
    });
  }
  follow();

  onKeys({
    y: () => choose("confirmed"),
    u: () => choose("unsure"),
    1: () => correct(0),
    2: () => correct(1),
    3: () => correct(2),
    4: () => correct(3),
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector('button[name="next"]'));
    }
  });
}
