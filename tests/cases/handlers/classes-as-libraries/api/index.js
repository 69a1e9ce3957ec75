class App {
  #name
  constructor(name) { this.#name = name }
  answer = (req) => `${this.#name} ${req.method}`
}
export default new App('app').answer
