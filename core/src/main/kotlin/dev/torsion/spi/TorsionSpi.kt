// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

/**
 * Marks API for engines, transports and adapters, such as `torsion-ktor`. Programs do not need it. It may change in any version, so Kotlin
 * asks its users to agree:
 *
 * ```kotlin
 * @OptIn(TorsionSpi::class)
 * class MyTransport(private val loop: EventLoop) : Transport
 * ```
 *
 * Java does not ask: look for this annotation in the documentation.
 */
@RequiresOptIn("This is for engines, transports and adapters, and may change in any version.")
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.CLASS, AnnotationTarget.FUNCTION, AnnotationTarget.PROPERTY)
@MustBeDocumented
public annotation class TorsionSpi
