// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

/**
 * Latencies at a fixed rate, in nanoseconds from the moment when a question was due.
 *
 * @param perSecond the rate
 */
record Latencies(long perSecond, long p50, long p99, long p999) {}
