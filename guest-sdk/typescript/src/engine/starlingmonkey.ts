// The entry of a component that runs in StarlingMonkey, which has a console and text codecs of its own.
import entry from '@backfold/entry';
import { component } from '../component.js';

export const { pipeline, monoid } = component(entry);
