// The page: asks the API, shows what it says.

const form = document.querySelector("form");
const said = document.querySelector(".said");
const list = document.querySelector("ul");
const blank = document.querySelector("template");

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body && { "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const value = answer.status === 204 ? undefined : await answer.json();
  if (!answer.ok) throw new Error(value.error?.message ?? value.error);
  return value;
}

/** Does something, and says what went wrong with it. */
async function tell(action) {
  try {
    await action();
    const open = list.querySelectorAll("input:not(:checked)").length;
    said.textContent = list.children.length ? `${open} left` : "Nothing to do.";
  } catch (error) {
    said.textContent = `That did not work: ${error.message}`;
  }
}

function show(todo) {
  const item = blank.content.cloneNode(true).firstElementChild;
  const [box, text, remove] = item.querySelectorAll("input, span, button");
  const path = `/api/todos/${todo.id}`;
  box.checked = todo.done;
  text.textContent = todo.title;
  remove.setAttribute("aria-label", `Delete ${todo.title}`);
  box.addEventListener("change", () => tell(async () => {
    try {
      await ask("PATCH", path, { done: box.checked });
    } catch (error) {
      box.checked = !box.checked;
      throw error;
    }
  }));
  remove.addEventListener("click", () => tell(async () => {
    await ask("DELETE", path);
    // The focus goes on to what is there.
    (item.nextElementSibling?.querySelector("input") ?? form.elements.title).focus();
    item.remove();
  }));
  list.append(item);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tell(async () => {
    show(await ask("POST", "/api/todos", { title: form.elements.title.value }));
    form.reset();
  });
});

tell(async () => (await ask("GET", "/api/todos")).todos.forEach(show));
