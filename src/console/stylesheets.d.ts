/** A page brings its styles by importing them; vite makes a file of them that is fetched with the page. */
declare module '*.css' {}
