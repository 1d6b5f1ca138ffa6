// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.List;

/** The message of the JSON work. */
@JsonPropertyOrder({"id", "customer", "items", "total", "express"})
public record Order(long id, String customer, List<String> items, double total, boolean express) {
  /** An order whose JSON has about a hundred bytes. */
  public static Order sample() {
    return new Order(4711, "torsion-benchmarks", List.of("bolt", "nut", "spring"), 129.5, true);
  }
}
