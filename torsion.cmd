@echo off
rem Copyright (c) the Torsion contributors
rem SPDX-License-Identifier: MIT
rem
rem Runs the torsion command, and builds it first when it is missing. After a change, build again: mvnw -q -pl examples -am package
setlocal
set "ROOT=%~dp0"
set "JAVA=java"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java"
if exist "%ROOT%examples\target\lib" goto run
echo torsion: building, this takes a moment (the first time, minutes) ... 1>&2
pushd "%ROOT%"
call mvnw.cmd --quiet -pl examples -am package -Dmaven.test.skip=true 1>&2
if errorlevel 1 (
  popd
  echo torsion: the build failed 1>&2
  exit /b 1
)
popd
:run
"%JAVA%" -cp "%ROOT%examples\target\classes;%ROOT%examples\target\lib\*" dev.torsion.examples.cli.TorsionCommand %*
exit /b %ERRORLEVEL%
