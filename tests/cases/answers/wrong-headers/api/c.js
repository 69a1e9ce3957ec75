export default () => ({ headers: { 'x-a': 'b\n\n<script>' }, body: 'x' })
