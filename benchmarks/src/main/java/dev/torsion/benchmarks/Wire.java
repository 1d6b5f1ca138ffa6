// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks;

/** How the messages of a work are told apart: what a server has to understand. */
public enum Wire {
  /** Bytes, echoed as they come. */
  RAW,
  /** Lines that end at CR LF. */
  LINE,
  /** A big-endian length of four bytes, then as many bytes. */
  INT32,
  /**
   * A header of three little-endian integers, of which the second is the length of the body, then
   * the JSON of an {@link Order}, which is decoded and encoded again.
   */
  JSON,
  /** UDP: a message is a datagram, echoed as it comes. */
  DATAGRAM,
  /** Bytes inside of TLS, echoed as they come: see {@link BenchTls}. */
  TLS,
  /** Requests of HTTP/1.1, each of which has its answer: see {@link HttpPages}. */
  HTTP
}
