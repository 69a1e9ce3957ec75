const form = document.querySelector("form");
const answer = document.querySelector(".answer");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const query = new URLSearchParams(new FormData(form));
  try {
    const asked = await fetch(`/api/hello?${query}`);
    if (!asked.ok) throw new Error(asked.status);
    const { message, greetings } = await asked.json();
    answer.textContent = `${message} That was greeting number ${greetings}.`;
  } catch {
    answer.textContent = "No answer came. Try again.";
  }
});
