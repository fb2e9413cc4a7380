# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
