import { getDocument, GlobalWorkerOptions, type PDFDocumentLoadingTask, version } from 'pdfjs-dist';
// oxlint-disable-next-line import/default -- what the bundler makes of it is an address
import workerAddress from 'pdfjs-dist/build/pdf.worker.min.mjs?url';

GlobalWorkerOptions.workerSrc = workerAddress;

/** The engine's own files; the build puts them there. */
const RESOURCES = `/assets/on-demand/pdf-${version}/`;

/** Bytes that are asked for at a time. */
const PIECE = 1_048_576;

/** Begins to open a PDF file at an address in this page. Only what is looked at is fetched. Nothing in the file is run: the policy of the page forbids it, and it is not tried. */
export function openPdf(address: string): PDFDocumentLoadingTask {
  return getDocument({
    url: address,
    isEvalSupported: false,
    enableXfa: false,
    rangeChunkSize: PIECE,
    disableAutoFetch: true,
    // Its own fonts have the widths that documents expect.
    useSystemFonts: false,
    cMapUrl: `${RESOURCES}cmaps/`,
    cMapPacked: true,
    standardFontDataUrl: `${RESOURCES}standard_fonts/`,
    wasmUrl: `${RESOURCES}wasm/`,
    iccUrl: `${RESOURCES}iccs/`,
  });
}
