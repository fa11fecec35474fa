import { configure } from "@testing-library/react";

// A busy machine needs its time.
configure({ asyncUtilTimeout: 20_000 });
