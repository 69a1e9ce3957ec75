export default () => [typeof window, typeof self, typeof navigator, typeof document, typeof localStorage]
