export default () => [typeof window, typeof document, typeof localStorage]
