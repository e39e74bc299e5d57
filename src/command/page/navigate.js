const tip = byId('tip');

function showTip(text, rectangle) {
  tip.textContent = text;
  tip.hidden = false;
  const left = rectangle.left + rectangle.width / 2 - tip.offsetWidth / 2;
  const most = document.documentElement.clientWidth - tip.offsetWidth - 4;
  const above = rectangle.top - tip.offsetHeight - 8;
  tip.style.left = `${window.scrollX + Math.max(4, Math.min(left, most))}px`;
  tip.style.top = `${window.scrollY + (above < 4 ? rectangle.bottom + 8 : above)}px`;
}

function hideTip() {
  tip.hidden = true;
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') hideTip();
});

const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/**
 * Makes marks of a picture reachable: one stop of the Tab key for all of them, arrows, Home and End between them. Each
 * is read aloud and shown with its text. `list`: [{node, text}] in reading order.
 */
function marks(list) {
  list.forEach(({ node, text }, index) => {
    node.setAttribute('role', 'img');
    node.setAttribute('aria-label', text);
    node.setAttribute('tabindex', index === 0 ? '0' : '-1');
    const show = () => showTip(text, node.getBoundingClientRect());
    node.addEventListener('pointerenter', show);
    node.addEventListener('pointerleave', hideTip);
    node.addEventListener('focus', show);
    node.addEventListener('blur', hideTip);
    node.addEventListener('keydown', (event) => {
      let next = index;
      if (event.key === 'Home') next = 0;
      else if (event.key === 'End') next = list.length - 1;
      else if (event.key in steps) next = Math.max(0, Math.min(list.length - 1, index + steps[event.key]));
      else return;
      event.preventDefault();
      node.setAttribute('tabindex', '-1');
      list[next].node.setAttribute('tabindex', '0');
      list[next].node.focus();
    });
  });
}
