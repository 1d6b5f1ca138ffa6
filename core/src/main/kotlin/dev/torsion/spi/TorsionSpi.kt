// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

/**
 * Marks what engines, transports and adapters are built with, such as `torsion-ktor`; a program has no need of it. It may change in any
 * version, so Kotlin asks whoever uses it to agree:
 *
 * ```kotlin
 * @OptIn(TorsionSpi::class)
 * class MyTransport(private val reactor: AbstractReactor) : Transport
 * ```
 *
 * Java does not ask. What it marks says so in its documentation.
 */
@RequiresOptIn("This is for engines, transports and adapters, and may change in any version.")
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.CLASS, AnnotationTarget.FUNCTION, AnnotationTarget.PROPERTY)
@MustBeDocumented
public annotation class TorsionSpi
