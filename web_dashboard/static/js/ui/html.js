// @ts-check
export {
  html,
  render,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "../../vendor/htm-3.1.1/preact-standalone.module.js";
