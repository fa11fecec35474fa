import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// Who may import whom: features never reach into each other; only host and data know the bindings.
const restricted = (patterns) => ["error", { patterns }];

export default tseslint.config(
  { ignores: ["ui/dist", "ui/dist-guest", "ui/pictures", "ui/src/bindings"] },
  ...tseslint.configs.strict,
  hooks.configs.flat["recommended-latest"],
  {
    files: ["ui/src/**/*.{ts,tsx}"],
    rules: {
      "react-hooks/incompatible-library": "off",
      "no-restricted-imports": restricted([
        { regex: "bindings/", message: "Only host/ and data/ import the bindings." },
      ]),
    },
  },
  { files: ["ui/src/{host,data}/**"], rules: { "no-restricted-imports": "off" } },
  {
    files: ["ui/src/features/**"],
    rules: {
      "no-restricted-imports": restricted([
        { regex: "bindings/", message: "Only host/ and data/ import the bindings." },
        { regex: "^\\.\\./(?!\\.\\.)", message: "Features don't import each other's insides." },
      ]),
    },
  },
);
