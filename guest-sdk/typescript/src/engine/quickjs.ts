// The entry of a component that runs in QuickJS.
import './quickjs_console.js';
import entry from '@backfold/entry';
import { component } from '../component.js';

export const { pipeline, monoid } = component(entry);
