// The page: shows the notes of who is signed in, or that nobody is.

const at = (id) => document.getElementById(id);

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { accept: "application/json", ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  const value = answer.status === 204 ? undefined : await answer.json();
  if (answer.ok) return value;
  const [field] = value.fields ?? [];
  throw new Error(field ? `${field.field}: ${field.message}` : value.error.message ?? value.error);
}

async function tell(action) {
  at("said").textContent = "";
  try {
    await action();
  } catch (error) {
    at("said").textContent = `That did not work: ${error.message}`;
  }
}

function show({ id, title, text }) {
  const note = document.createElement("article");
  const [heading, words, remove] = ["h2", "p", "button"].map((name) => document.createElement(name));
  heading.textContent = title;
  words.textContent = text;
  remove.textContent = "Delete";
  remove.setAttribute("aria-label", `Delete ${title}`);
  remove.addEventListener("click", () => tell(async () => {
    await ask("DELETE", `/api/notes/${id}`);
    note.remove();
  }));
  note.append(heading, words, remove);
  at("notes").prepend(note);
}

document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  tell(async () => {
    show(await ask("POST", "/api/notes", Object.fromEntries(new FormData(event.target))));
    event.target.reset();
  });
});

tell(async () => {
  const { user, login } = await ask("GET", "/api/me");
  at(user ? "in" : "out").hidden = false;
  at("login").href = login;
  if (!user) return;
  at("who").textContent = user.name;
  const { notes } = await ask("GET", "/api/notes?limit=100");
  notes.reverse().forEach(show);
});
