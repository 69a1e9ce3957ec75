export default () => ['\ud800', '😀']
