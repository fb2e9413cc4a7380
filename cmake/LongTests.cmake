# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# long_test_first(TEST): `make check-long` runs tests side by side and begins with those that may take
# longest, so that none of them is alone at the end.
function(long_test_first test)
  get_test_property(${test} LABELS labels)
  if("long" IN_LIST labels)
    get_test_property(${test} TIMEOUT timeout)
    set_tests_properties(${test} PROPERTIES COST ${timeout})
  endif()
endfunction()
